// The page of a panel. Everything that varies is escaped, and the content security policy lets in our own bundle and
// nothing else, so that data can never turn into code.
import type { PanelBoot } from '../../shared/protocol/panel.ts';

export interface PageParts {
  boot: PanelBoot;
  /** Addresses of the bundle and its style sheet, as the webview sees them. */
  script: string;
  style: string;
  /** `webview.cspSource`. */
  source: string;
  /** Random for every page. */
  nonce: string;
  title: string;
}

/** The whole HTML of a panel's page. */
export function buildPage({ boot, script, style, source, nonce, title }: PageParts): string {
  return `<!DOCTYPE html>
<html lang="${attribute(boot.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy(source, nonce))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(title)}</title>
<link rel="stylesheet" href="${attribute(style)}">
<script id="boot" type="application/json" nonce="${attribute(nonce)}">${jsonInPage(boot)}</script>
</head>
<body>
<div id="root"></div>
<script nonce="${attribute(nonce)}" src="${attribute(script)}"></script>
</body>
</html>
`;
}

/** No network, no frames, no inline code; images of our own and those that a chart exports. */
export function policy(source: string, nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    `img-src ${source} data: blob:`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** JSON that cannot end the script element it stands in, nor break a line of script. */
export function jsonInPage(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for an attribute or an element. */
export function attribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
