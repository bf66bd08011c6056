/**
 * Shares requests about the same subject. A caller gets the reply to a request that started after its call, as
 * a reply that is on its way may be outdated. One request at a time for each subject: a thousand callers at
 * once cause two.
 */
export const sharedRequests = (
  request: (subject: string) => Promise<void>,
): ((subject: string) => Promise<void>) => {
  const open = new Map<string, { reply: Promise<void>; next?: Promise<void> }>();
  const send = (subject: string): Promise<void> => {
    const reply = request(subject).finally(() => {
      if (open.get(subject)?.reply === reply) open.delete(subject);
    });
    open.set(subject, { reply });
    return reply;
  };
  return (subject) => {
    const before = open.get(subject);
    if (before === undefined) return send(subject);
    const again = (): Promise<void> => send(subject);
    before.next ??= before.reply.then(again, again);
    return before.next;
  };
};
