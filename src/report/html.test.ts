import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renderHtml } from './html.ts';
import { renderProbes, renderRefusalMargins } from './htmlCurves.ts';
import { escapeHtml, html, idOf } from './markup.ts';
import { collectReport } from './reportData.ts';
import { hostileName, syntheticRun } from './testing/syntheticRun.ts';

const methods = [
  { id: 'sft', title: 'SFT', description: 'Plain <fine-tuning>.' },
  { id: 'self-output', title: 'Self-output', arxiv: '2501.14315', description: 'Own answers.' },
  { id: 'replay', title: 'Replay', arxiv: 'javascript:alert(1)', description: 'Old data.' },
  { id: 'unused', title: 'Unused', description: 'No arm names it.' },
];

const written = collectReport({ ...syntheticRun({ learningRates: [1e-4, 3e-4] }), methods }).then(renderHtml);

function page(): Promise<string> {
  return written;
}

describe('markup', () => {
  it('escapes everything but markup', () => {
    expect(
      html`<b title="${'"><i>'}">${'<script>'}${html`<u>${1}</u>`}${undefined}${false}${['a', '&']}</b>`.text,
    ).toBe('<b title="&quot;&gt;&lt;i&gt;">&lt;script&gt;<u>1</u>a&amp;</b>');
    expect(escapeHtml("\u0000\ud800\u202e`'")).toBe('\ufffd\ufffd\ufffd&#96;&#39;');
  });

  it('ids differ for different names', () => {
    expect(idOf('a b')).not.toBe(idOf('a-b'));
    expect(idOf('a', 'b')).not.toBe(idOf('a-b'));
    expect(idOf('"><script>')).toMatch(/^[\w-]+$/);
  });
});

describe('HTML report', () => {
  it('loads nothing and pins its one style and one script by hash', async () => {
    const text = await page();
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text.match(/<style/g)).toHaveLength(1);
    expect(text).not.toMatch(/<(link|img|iframe|object|embed|base|form)\b/);
    expect(text).not.toMatch(/@import|url\(/);
    const tags = text.match(/<[a-z](?:[^>"]|"[^"]*")*>/g)!.map((tag) => tag.replace(/"[^"]*"/g, '""'));
    expect(tags.length).toBeGreaterThan(500);
    for (const tag of tags) expect(tag).not.toMatch(/\s(src|srcset|style|on[a-z]+)=/);
    const policy =
      /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(text)?.[1]?.replaceAll('&#39;', "'") ?? '';
    expect(policy).toContain("default-src 'none'");
    for (const element of ['style', 'script']) {
      const inline = new RegExp(`<${element}>([^]*)</${element}>`).exec(text)?.[1] ?? '';
      expect(inline.length).toBeGreaterThan(1000);
      expect(policy).toContain(`${element}-src 'sha256-${createHash('sha256').update(inline).digest('base64')}'`);
    }
  });

  it('draws the probes of old skills, the mean of them, and nothing without probes', async () => {
    const picture = /aria-label="Rise of the negative log-likelihood of old skills of ground truth, last ([-.\d]+)"/;
    // Addition 2 and sorting 1; subtraction is taught and does not count.
    expect(picture.exec(await page())?.[1]).toBe('1.500');
    const { run } = syntheticRun();
    expect(renderProbes({ ...run, probes: [] })).toBe(false);
    const margin = /aria-label="First-token refusal margin of ground truth, last ([-.\d]+)"/;
    expect(margin.exec(await page())?.[1]).toBe('-2.000');
    const without = { ...run.probes[0]! };
    delete without.refusalMargin;
    expect(renderRefusalMargins({ ...run, probes: [without] })).toBe(false);
  });

  it('names what else was counted in words', async () => {
    const text = await page();
    expect(text).toContain('answers that are nothing but JSON .30');
    expect(text).not.toContain('json_strict .');
  });

  it('tells which kinds of tokens are hard, and how far targets are from the own words', async () => {
    const text = (await page()).replace(/\s+/g, ' ');
    expect(text).toContain('<td>30 % of 40 %</td>');
    expect(text).toContain('<td>2 %</td> <td>0.90</td> <td>0.30</td>');
    expect(text).not.toContain('Whitespace');
  });

  it('shows names, prompts and outputs of the run as text', async () => {
    const text = await page();
    expect(text).not.toContain(hostileName);
    expect(text).not.toMatch(/<script>alert|<b>bold<\/b>|<b>is at chance/);
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(text).toContain('&lt;script&gt;alert(2)&lt;/script&gt;');
    expect(text).not.toMatch(/[\u0000-\u0008\u202e\ufffe]/);
    expect(text).not.toContain('href="javascript');
  });

  it('is well nested', async () => {
    const open: string[] = [];
    const body = (await page()).replace(/<(style|script)>[^]*?<\/\1>/g, '').replace(/<!doctype html>/, '');
    for (const [, close, name, rest] of body.matchAll(/<(\/?)([a-z0-9]+)((?:[^>"]|"[^"]*")*)>/g)) {
      if (['meta', 'col', 'br'].includes(name!) || rest!.endsWith('/')) continue;
      if (close === '') open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  it('answers first, and holds every part', async () => {
    const text = await page();
    expect(text.indexOf('<h1>')).toBeLessThan(text.indexOf('<h2>'));
    for (const id of [
      'matrix',
      'plane',
      'targets',
      'examples',
      'flips',
      'training',
      'methods',
      'numbers',
      'configuration',
    ]) {
      expect(text).toContain(`id="${id}"`);
    }
    expect(text).toContain('https://arxiv.org/abs/2501.14315');
    expect(text).not.toContain('No arm names it.');
    expect(text).toContain('4.83</b> (2.65)');
    expect(text).toContain('7.04');
    expect(text).toContain('damaged line left out: metrics.jsonl line 7');
  });

  it('every difficulty has its class, masked tokens are marked, links reach their flips', async () => {
    const text = await page();
    for (const part of ['t1', 't2', 't3', 't4', 't4 masked', 't2 masked']) expect(text).toContain(`class="${part}"`);
    const targets = [...text.matchAll(/href="#(flips-[^"]+)"/g)].map((match) => match[1]);
    expect(targets.length).toBeGreaterThan(10);
    for (const id of targets) expect(text).toContain(`id="${id}"`);
    const ids = [...text.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('an unfinished run is a page too', async () => {
    const { run, readItems } = syntheticRun();
    const empty = { ...run, cells: [], metrics: [], targets: [], drift: [], log: [], damagedLines: [] };
    const text = renderHtml(await collectReport({ run: empty, readItems }));
    expect(text).toContain('Nothing has been measured yet');
    expect(text.match(/class="empty"/g)!.length).toBeGreaterThanOrEqual(4);
  });
});
