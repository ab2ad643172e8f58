// Sessions whose end is told by what launched them, with the next thing to do; the general notification leaves them out.
export const toldSessions = new Set<string>();
