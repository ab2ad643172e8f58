// Elements without markup strings: children that are strings become text nodes, so no data can turn into markup. Styles go
// through the object model, which the content security policy allows.

export type Child = string | number | Node | false | null | undefined | readonly Child[];

type Listeners = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

export interface Attributes {
  class?: string | undefined;
  /** Listeners by event. */
  on?: Listeners;
  /** Style properties by CSS name, custom properties included. */
  style?: Record<string, string>;
  /** `data-*` by name without the prefix. */
  data?: Record<string, string | number>;
  [name: string]: string | number | boolean | undefined | Listeners | Record<string, string | number>;
}

/** An element. `true` sets an empty attribute, `false` and `undefined` none. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes?: Attributes | null,
  ...children: Child[]
): HTMLElementTagNameMap[K];
export function el(tag: string, attributes?: Attributes | null, ...children: Child[]): HTMLElement;
export function el(tag: string, attributes?: Attributes | null, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  setAttributes(element, attributes ?? {});
  add(element, children);
  return element;
}

function setAttributes(element: HTMLElement, attributes: Attributes): void {
  const { on, style, data, ...plain } = attributes;
  for (const [event, listener] of Object.entries(on ?? {})) {
    element.addEventListener(event, listener as EventListener);
  }
  for (const [name, value] of Object.entries(style ?? {})) element.style.setProperty(name, value);
  for (const [name, value] of Object.entries(data ?? {})) element.setAttribute(`data-${name}`, String(value));
  for (const [name, value] of Object.entries(plain)) {
    if (name.startsWith('on')) throw new Error(`${name}: listeners go into "on"`);
    if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string' || typeof value === 'number') element.setAttribute(name, String(value));
  }
}

/** Sets an attribute only when it differs: screen readers may read again what has been set. */
export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Appends children; `false`, `null` and `undefined` are left out. */
export function add(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    if (child instanceof Node) parent.appendChild(child);
    else if (typeof child === 'object') add(parent, child);
    else parent.appendChild(document.createTextNode(String(child)));
  }
}

/** Puts children in the place of what was there. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  add(parent, children);
}

/** The page's element with this id, made by the panel before. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element "${id}"`);
  return found;
}
