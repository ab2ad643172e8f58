// The one place that knows @vscode/webview-ui-toolkit. The package is archived upstream: a successor goes in here, behind
// the same functions. Controls follow the theme by themselves.
import './nonce.ts';
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { el } from './dom.ts';

provideVSCodeDesignSystem().register(
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeProgressRing(),
  vsCodeTextField(),
);

/** A control with a value. Setting the value does not call the listener. */
export interface Control<T> {
  readonly element: HTMLElement;
  value: T;
}

export interface Choice<T extends string> {
  value: T;
  label: string;
  title?: string;
  disabled?: boolean;
}

export interface ButtonOptions {
  kind?: 'primary' | 'secondary' | 'icon';
  title?: string;
  /** For screen readers, where the label is a sign. */
  label?: string;
  disabled?: boolean;
}

/** A button; `secondary` unless said otherwise. */
export function button(label: string, onClick: () => void, options: ButtonOptions = {}): HTMLElement {
  return el(
    'vscode-button',
    {
      appearance: options.kind ?? 'secondary',
      title: options.title,
      'aria-label': options.label,
      disabled: options.disabled === true,
      on: { click: onClick },
    },
    label,
  );
}

/** Enables or disables any control of this file. */
export function setDisabled(element: HTMLElement, disabled: boolean): void {
  element.toggleAttribute('disabled', disabled);
}

/** The library hands every aria attribute to the button inside but this one; the button is there once it is in the page. */
function setPressed(host: HTMLElement, pressed: boolean): void {
  host.setAttribute('aria-pressed', String(pressed));
  const tell = (): void => host.shadowRoot?.querySelector('button')?.setAttribute('aria-pressed', String(pressed));
  if (host.isConnected) tell();
  else setTimeout(tell);
}

/** A row of buttons of which one is pressed: few choices that should all be seen. */
export function segmented<T extends string>(
  label: string,
  choices: readonly Choice<T>[],
  chosen: T,
  onChange: (value: T) => void,
): Control<T> {
  let value = chosen;
  const buttons = choices.map((choice) => {
    const pick = (): void => {
      if (value === choice.value) return;
      show(choice.value);
      onChange(choice.value);
    };
    return button(choice.label, pick, {
      ...(choice.title === undefined ? {} : { title: choice.title }),
      disabled: choice.disabled === true,
    });
  });
  const show = (next: T): void => {
    value = next;
    buttons.forEach((one, k) => {
      setPressed(one, choices[k]?.value === next);
    });
  };
  show(chosen);
  const element = el('div', { class: 'segmented', role: 'group', 'aria-label': label }, buttons);
  return {
    element,
    get value() {
      return value;
    },
    set value(next) {
      show(next);
    },
  };
}

/** What the toolkit's form controls have in common. */
interface FormElement extends HTMLElement {
  value: string;
  checked: boolean;
}

/** A labelled drop-down list. */
export function dropdown<T extends string>(
  label: string,
  choices: readonly Choice<T>[],
  chosen: T,
  onChange: (value: T) => void,
): Control<T> {
  const list = el(
    'vscode-dropdown',
    { 'aria-label': label },
    choices.map((choice) =>
      el(
        'vscode-option',
        {
          value: choice.value,
          title: choice.title,
          selected: choice.value === chosen,
          disabled: choice.disabled === true,
        },
        choice.label,
      ),
    ),
  ) as FormElement;
  // Else the library begins with an option whose value is empty, whatever is marked as selected.
  list.value = chosen;
  list.addEventListener('change', () => onChange(list.value as T));
  return {
    element: el('label', { class: 'labelled' }, el('span', null, label), list),
    get value() {
      return list.value as T;
    },
    set value(next) {
      list.value = next;
    },
  };
}

export function checkbox(label: string, checked: boolean, onChange: (checked: boolean) => void): Control<boolean> {
  const box = el('vscode-checkbox', { checked }, label) as FormElement;
  box.addEventListener('change', () => onChange(box.checked));
  return {
    element: box,
    get value() {
      return box.checked;
    },
    set value(next) {
      box.checked = next;
    },
  };
}

export interface TextFieldOptions {
  label: string;
  value?: string;
  placeholder?: string;
  /** Called on every change, `delayMs` after the last key (0 by default). */
  onInput(value: string): void;
  delayMs?: number;
}

/**
 * A field for one line. The library names the field inside after its content, whatever the attribute says, so the label is
 * its content; the style sheet hides it.
 */
export function textField(options: TextFieldOptions): Control<string> {
  const field = el(
    'vscode-text-field',
    { placeholder: options.placeholder ?? options.label, value: options.value ?? '' },
    options.label,
  ) as FormElement;
  let timer: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    // Without a delay at once: what a key press says afterwards must not be undone by the typing before it.
    if (options.delayMs === undefined) options.onInput(field.value);
    else timer = setTimeout(() => options.onInput(field.value), options.delayMs);
  });
  return {
    element: field,
    get value() {
      return field.value;
    },
    set value(next) {
      field.value = next;
    },
  };
}

/** Turns while something is on its way. */
export function progressRing(label: string): HTMLElement {
  return el('vscode-progress-ring', { 'aria-label': label });
}
