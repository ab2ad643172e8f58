export function mergeParts(language?: string): { texts: Record<string, string>; conflicts: string[] };
export function writeL10n(language?: string): void;
