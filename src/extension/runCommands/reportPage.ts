// Where a report is shown, and what its page may do there. Knows no editor, so that both can be tested.

/** A browser runs the scripts of a file: it gets only what this window has just written, in a folder that is trusted. */
export function reportPlace({ trusted, local }: { trusted: boolean; local: boolean }): 'browser' | 'tab' {
  return trusted && local ? 'browser' : 'tab';
}

/**
 * The report as a page for a tab: nothing is loaded, whatever the records say. Where scripts are allowed, the report's own
 * policy, which holds as well, leaves its one script.
 */
export function reportInTab(html: string, { scripts }: { scripts: boolean }): string {
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    'img-src data:',
    ...(scripts ? ["script-src 'unsafe-inline'"] : []),
  ].join('; ');
  // First in the page, since a policy holds for what comes after it.
  return `<!doctype html>\n<meta http-equiv="Content-Security-Policy" content="${policy}">\n${html}`;
}
