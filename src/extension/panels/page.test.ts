import { describe, expect, it } from 'vitest';
import { buildPage, jsonInPage, policy } from './page.ts';

const hostile = '</script><script>alert(1)</script><!--\u2028"\'><img src=x onerror=alert(1)>';

function page(): string {
  return buildPage({
    boot: {
      kind: 'heatmap',
      subject: { title: hostile, run: hostile },
      texts: { [hostile]: hostile },
      language: hostile,
      trusted: true,
    },
    script: 'https://host/heatmap.js?"><script>',
    style: 'https://host/heatmap.css',
    source: 'https://host',
    nonce: 'NONCE',
    title: hostile,
  });
}

describe('the page of a panel', () => {
  it('has two script elements whatever its data says', () => {
    expect(page().match(/<script/g)).toHaveLength(2);
    expect(page().match(/<\/script/g)).toHaveLength(2);
    expect(page()).not.toContain('<img');
    expect(page()).not.toContain('<!--');
  });

  it('hands its data over unchanged', () => {
    const json = /<script id="boot"[^>]*>(.*?)<\/script>/s.exec(page())?.[1] ?? '';
    expect((JSON.parse(json) as { subject: { run: string } }).subject.run).toBe(hostile);
    expect(jsonInPage('\u2028')).toBe('"\\u2028"');
  });

  it('allows scripts by nonce only and no connection', () => {
    const directives = policy('https://host', 'NONCE').split('; ');
    expect(directives).toContain("default-src 'none'");
    expect(directives).toContain("script-src 'nonce-NONCE'");
    expect(directives.filter((one) => one.startsWith('connect-src'))).toEqual([]);
    expect(policy('https://host', 'NONCE')).not.toMatch(/unsafe/);
    expect(page()).not.toMatch(/\son\w+="/);
  });
});
