import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder, FrameError } from './frames.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const decoder = (): FrameDecoder => new FrameDecoder(1000);

describe('whole frames', () => {
  const message = { jsonrpc: '2.0', method: 'x', params: { text: '遺忘 \u{1F600}' } };

  test('come back as they were sent', () => {
    expect(decoder().push(encodeFrame(message))).toEqual([message]);
  });

  test('cut anywhere and several at once', () => {
    const one = encodeFrame(message);
    const both = new Uint8Array(2 * one.length);
    both.set(one);
    both.set(one, one.length);
    for (let cut = 0; cut <= both.length; cut++) {
      const target = decoder();
      const got = [...target.push(both.subarray(0, cut)), ...target.push(both.subarray(cut))];
      expect(got).toEqual([message, message]);
    }
  });

  test('byte by byte', () => {
    const target = decoder();
    const got = [...encodeFrame(message)].flatMap((byte) => target.push(Uint8Array.of(byte)));
    expect(got).toEqual([message]);
  });

  test('with a content type', () => {
    const header = 'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}';
    expect(decoder().push(bytes(header))).toEqual([{}]);
  });
});

describe('refused', () => {
  const cases: [string, string, RegExp][] = [
    ['anything that is no header, at its first byte', 'GET / HTTP/1.1\r\n', /no header/],
    ['a null byte', '\0', /no header/],
    ['no length', 'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n', /without Content-Length/],
    ['another charset', 'Content-Type: x; charset=utf-16\r\n\r\n', /not understood/],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}', /not understood/],
    ['a negative length', 'Content-Length: -1\r\n\r\n', /not understood/],
    ['a length with a sign', 'Content-Length: +2\r\n\r\n{}', /not understood/],
    ['a hexadecimal length', 'Content-Length: 0x2\r\n\r\n{}', /not understood/],
    ['a length with a tail', 'Content-Length: 2;q=1\r\n\r\n{}', /not understood/],
    ['a huge length', 'Content-Length: 9999999999\r\n\r\n', /9999999999 bytes/],
    ['an endless number', `Content-Length: ${'9'.repeat(40)}\r\n\r\n`, /not understood/],
    ['a length just above the limit', 'Content-Length: 1001\r\n\r\n', /1001 bytes/],
    ['an empty body', 'Content-Length: 0\r\n\r\n', /empty/],
    ['lines ended by line feeds alone', `Content-Length: 2\n\n{}${' '.repeat(8200)}`, /more than 8192/],
    ['an endless header', `Content-Length: 2\r\nContent-Pad: ${'x'.repeat(9000)}`, /more than 8192/],
    ['truncated JSON', 'Content-Length: 7\r\n\r\n{"a": 1', /not JSON/],
    ['bytes that are not UTF-8', 'Content-Length: 2\r\n\r\n\uFFFD', /not JSON/],
    ['a list', 'Content-Length: 2\r\n\r\n[]', /no message/],
    ['a number', 'Content-Length: 1\r\n\r\n7', /no message/],
    ['null', 'Content-Length: 4\r\n\r\nnull', /no message/],
  ];
  test.each(cases)('%s', (_, text, message) => {
    expect(() => decoder().push(bytes(text))).toThrow(FrameError);
    expect(() => decoder().push(bytes(text))).toThrow(message);
  });

  test('a longer body is taken once the limit has been raised', () => {
    const target = decoder();
    target.maxBodyBytes = 2000;
    expect(target.push(encodeFrame({ text: 'x'.repeat(1500) }))).toHaveLength(1);
  });
});
