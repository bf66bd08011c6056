/** What is wanted, or `otherwise` where it takes longer than that. */
export const within = async <T, U>(
  ms: number,
  wanted: Promise<T>,
  otherwise: U,
): Promise<T | U> => {
  const late = Promise.withResolvers<U>();
  const timer = setTimeout(() => late.resolve(otherwise), ms);
  try {
    return await Promise.race([wanted, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
