import { describe, expect, test } from 'vitest';
import { endpointOf, isPrivate, parseServerLock, serverPlace } from './place.ts';

const input = {
  platform: 'linux',
  runtimeFolder: '/run/user/1000',
  temporaryFolder: '/tmp',
  user: '1000',
  workspaceHash: '0123456789abcdef0123456789abcdef',
};

describe('the place of a server', () => {
  test('is in the runtime folder, else in the temporary folder under the name of the user', () => {
    expect(serverPlace(input).lockFile).toBe('/run/user/1000/forgetting-lab/0123456789abcdef/lock.json');
    const { folder } = serverPlace({ ...input, runtimeFolder: undefined });
    expect(folder).toBe('/tmp/forgetting-lab-1000/0123456789abcdef');
  });

  test('keeps socket paths short enough for every system', () => {
    const long = `/${'x'.repeat(80)}`;
    for (const runtimeFolder of [long, undefined]) {
      for (const temporaryFolder of [long, '/tmp']) {
        const place = serverPlace({ ...input, runtimeFolder, temporaryFolder });
        expect(endpointOf(place, 'linux', '0123456789abcdef').length).toBeLessThan(104);
      }
    }
  });

  test('is a named pipe on Windows', () => {
    const place = serverPlace({ ...input, platform: 'win32', runtimeFolder: undefined, temporaryFolder: 'C:\\Temp' });
    expect(place.folder).toBe('C:\\Temp\\forgetting-lab-1000\\0123456789abcdef');
    expect(endpointOf(place, 'win32', 'ab')).toBe('\\\\.\\pipe\\forgetting-lab-ab');
  });

  test('is trusted only when nobody else owns or may enter it', () => {
    const own = { isDirectory: true, uid: 1000, mode: 0o40700 };
    expect(isPrivate(own, 'linux', 1000)).toBe(true);
    expect(isPrivate({ ...own, mode: 0o40750 }, 'linux', 1000)).toBe(false);
    expect(isPrivate({ ...own, uid: 0 }, 'linux', 1000)).toBe(false);
    expect(isPrivate({ ...own, isDirectory: false }, 'linux', 1000)).toBe(false);
    expect(isPrivate({ ...own, uid: 0, mode: 0 }, 'win32', undefined)).toBe(true);
  });
});

test('a damaged lock is no lock', () => {
  const lock = {
    pid: 1,
    processStart: '',
    version: '1',
    protocolVersion: 1,
    token: 't',
    endpoint: 'e',
    startedAt: 'now',
    heartbeatAt: 'now',
  };
  expect(parseServerLock(JSON.stringify(lock))).toEqual(lock);
  expect(parseServerLock(JSON.stringify({ ...lock, token: 1 }))).toBeUndefined();
  expect(parseServerLock('{"pid": 1')).toBeUndefined();
  expect(parseServerLock('null')).toBeUndefined();
});
