/**
 * Shares questions by what they are about. Whoever asks gets the answer to a question that was put after they
 * asked: an answer that is on its way may be of before. There is one question at a time about each thing, so
 * that a thousand who ask at once put two.
 */
export const sharedQuestions = (
  ask: (about: string) => Promise<void>,
): ((about: string) => Promise<void>) => {
  const open = new Map<string, { answer: Promise<void>; next?: Promise<void> }>();
  const put = (about: string): Promise<void> => {
    const answer = ask(about).finally(() => {
      if (open.get(about)?.answer === answer) open.delete(about);
    });
    open.set(about, { answer });
    return answer;
  };
  return (about) => {
    const before = open.get(about);
    if (before === undefined) return put(about);
    const again = (): Promise<void> => put(about);
    before.next ??= before.answer.then(again, again);
    return before.next;
  };
};
