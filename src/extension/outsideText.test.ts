import { describe, expect, it } from 'vitest';
import { inLabel, inMarkdown, inMessage, inPrompt } from './outsideText.ts';

describe('text from outside', () => {
  it('makes no icon in a label', () => {
    expect(inLabel('run $(trash) 1')).toBe('run \\$(trash) 1');
    expect(inLabel('$5 (five)')).toBe('$5 (five)');
  });

  it('makes no link in a message', () => {
    expect(inMessage('[Fix](command:workbench.action.quit)')).toBe('[Fix] (command:workbench.action.quit)');
  });

  it('makes neither in the prompt of an input box', () => {
    expect(inPrompt('[$(trash)](command:x)\nis there')).toBe('[\\$(trash)] (command:x) is there');
  });

  it('makes no markup in Markdown', () => {
    const shown = inMarkdown('[a](command:b) <img src=x> **c** `d` https://e.f\n# g | h');
    expect(shown).not.toMatch(/(?<!\\)[[\]()<>*`#|:]/);
    expect(shown).not.toContain('\n');
  });

  it('shows control and direction characters as such', () => {
    for (const safe of [inLabel, inMessage, inPrompt, inMarkdown])
      expect(safe('a\u202eb\u0007')).toBe('a\ufffdb\ufffd');
  });
});
