import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentEnvironment } from './agent-environment';
import { readCommandLine } from './command-line';
import { readSettings } from './read-settings';

const url = 'http://127.0.0.1:8080';

describe('readSettings', () => {
  it('has a default for everything but the address', () => {
    expect(readSettings({ url }, {}, undefined)).toMatchObject({
      url,
      token: null,
      labels: {},
      kinds: ['strategy-search', 'chat'],
      concurrency: 1,
      logLevel: 'info',
      ollama: { host: 'http://127.0.0.1:11434' },
    });
  });

  it('prefers flags to the environment, and that to the file', () => {
    const environment = agentEnvironment({ FOREMAN_TOKEN: 'fme_env', OLLAMA_HOST: 'gpu' });
    const file = { url: 'http://file', token: 'fme_file', name: 'file', ollama: { host: 'file' } };
    expect(readSettings({ url }, environment, file)).toMatchObject({
      url,
      token: 'fme_env',
      name: 'file',
      ollama: { host: 'gpu' },
    });
  });

  it('takes public keys of releases from a flag, the environment or the file', () => {
    const keys = ['11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=', 'A'.repeat(43)];
    const environment = agentEnvironment({ FOREMAN_RELEASE_PUBLIC_KEYS: keys.join(' , ') });
    const { flags } = readCommandLine(['--release-public-keys', keys.join(','), '--upgrade-exit']);
    const file = { releasePublicKeys: keys };
    const read = [
      readSettings({ url, ...flags }, {}, undefined),
      readSettings({ url }, environment, undefined),
      readSettings({ url }, {}, file),
      readSettings({ url }, {}, undefined),
    ];
    expect(
      read.map(({ releasePublicKeys, upgradeExit }) => [releasePublicKeys, upgradeExit]),
    ).toEqual([
      [keys, true],
      [keys, false],
      [keys, false],
      [[], false],
    ]);
  });

  it.each([
    ['releasePublicKeys', { releasePublicKeys: ['short'] }],
    ['upgradeExit', { upgradeExit: true }],
  ])('refuses %s as in %j', (path, flags) => {
    expect(() => readSettings({ url, ...flags }, {}, undefined)).toThrow(path);
  });

  it('offers the kind command only with an allow-list', () => {
    const commands = { hello: { program: '/bin/echo', args: ['hi'], timeoutSeconds: 5 } };
    const settings = readSettings({ url }, {}, { commands });
    expect(settings.kinds).toEqual(['strategy-search', 'chat', 'command']);
    expect(settings.commands.get('hello')).toEqual({
      program: '/bin/echo',
      args: ['hi'],
      env: {},
      timeoutSeconds: 5,
      outputType: 'text/plain; charset=utf-8',
      maxOutputBytes: 8_388_608,
      retryOnFailure: true,
    });
    expect(() => readSettings({ url, kinds: ['command'] }, {}, undefined)).toThrow(/no commands/);
  });

  it('tells everything that is wrong at once', () => {
    const file = {
      colour: 'red',
      concurrency: 0,
      commands: { a: { program: 'echo', shell: true } },
      labels: { gpu: true },
    };
    const read = () => readSettings({ url: 'nowhere', token: 'fmk_x', kinds: ['paint'] }, {}, file);
    for (const part of [
      'url must be',
      'token must be',
      'colour is not a known setting',
      'concurrency must be',
      'commands.a.program must be an absolute path',
      'commands.a.shell is not a known setting',
      'labels.gpu must be a text',
      'not paint',
    ]) {
      expect(read).toThrow(part);
    }
  });
});

describe('readCommandLine', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'foreman-agent-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('reads every flag', () => {
    const config = join(directory, 'agent.json');
    writeFileSync(config, '{"name":"from-file"}');
    const { flags, file } = readCommandLine(
      `--url ${url} --token fmn_a --concurrency 4 --kinds chat,command --kinds x --labels a=1 b=2=3
      --name n --state-dir d --grace-seconds 3 --config ${config}`.split(/\s+/),
    );
    expect(flags).toEqual({
      url,
      token: 'fmn_a',
      concurrency: 4,
      kinds: ['chat', 'command', 'x'],
      labels: { a: '1', b: '2=3' },
      name: 'n',
      stateDir: 'd',
      graceSeconds: 3,
    });
    expect(file).toEqual({ name: 'from-file' });
  });

  it('names a configuration file that cannot be read', () => {
    const config = join(directory, 'none.json');
    expect(() => readCommandLine(['--config', config])).toThrow(config);
  });
});
