import { describe, expect, it } from 'vitest';
import { reportInTab, reportPlace } from './reportPage.ts';

describe('where a report is shown', () => {
  it('is the browser only in a trusted window on this machine', () => {
    expect(reportPlace({ trusted: true, local: true })).toBe('browser');
    expect(reportPlace({ trusted: false, local: true })).toBe('tab');
    expect(reportPlace({ trusted: true, local: false })).toBe('tab');
    expect(reportPlace({ trusted: false, local: false })).toBe('tab');
  });
});

describe('the report in a tab', () => {
  const hostile =
    '<!doctype html><html><head><img src="https://example.org/x.png"><script>steal()</script></head></html>';

  it('loads nothing and runs nothing in Restricted Mode: the policy comes before everything', () => {
    const page = reportInTab(hostile, { scripts: false });
    const [policy] = /content="[^"]*"/.exec(page) ?? [];
    expect(policy).toBe(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('<html>'));
  });

  it('keeps its own script in a trusted window, and loads nothing there either', () => {
    const page = reportInTab(hostile, { scripts: true });
    expect(page).toContain(`default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'"`);
  });
});
