// The control library probes the browser with a style element and looks for the page's nonce in a meta element. Without it
// the content security policy refuses the probe, and focus rings appear on every click. Has to run before the library.
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce;
if (nonce) {
  const meta = document.createElement('meta');
  meta.setAttribute('property', 'csp-nonce');
  meta.content = nonce;
  document.head.append(meta);
}

export {};
