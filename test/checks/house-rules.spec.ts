import { houseRuleFindings } from './house-rules.mjs';

const messages = (path: string, text: string) =>
  houseRuleFindings(path, text).map(({ line, message }) => `${line}: ${message.split(':')[0]}`);

describe('the house rules', () => {
  it.each([
    ['the wall clock', 'const a = 1;\nconst b = new Date();', '2: new Date() without arguments'],
    ['save', 'await tx.manager.save(job);', '1: .save() opens a transaction of its own'],
    ['remove', 'this.jobRepository.remove(job);', '1: .remove() opens a transaction of its own'],
    [
      'save on a repository',
      'tx.manager.getRepository(Job).save(x);',
      '1: .save() opens a transaction of its own',
    ],
    [
      'a transaction',
      'tx.manager.transaction(async () => {});',
      '1: .transaction() opens a transaction of its own',
    ],
    ['a way around', 'this.database.driver.exec(sql);', '1: .driver leads around the unit of work'],
    [
      'another',
      'await tx.manager.dataSource.query(sql);',
      '1: .dataSource leads around the unit of work',
    ],
    [
      'HTTP in a unit of work',
      'work.run(async (tx) => {\n  await fetch(url);\n});',
      '2: fetch() inside a unit of work',
    ],
    [
      'a timer in what a unit of work calls',
      'class Store { async put(tx: Tx) { await new Promise((go) => setTimeout(go, 1)); } }',
      '1: setTimeout() inside a unit of work',
    ],
    [
      'a file in a unit of work',
      'run(async (tx) => { await fs.readFile(path); })',
      '1: readFile() inside a unit of work',
    ],
    [
      'a suppressed rule',
      `// ${'oxlint'}-disable-next-line no-console\nx();`,
      '1: a suppressed check',
    ],
    ['a list in a statement', `const marks = ids.map(() => '?').join(', ');`, '1: marks by hand'],
    ['a suppressed type', `// @${'ts'}-expect-error\nx();`, '1: a suppressed check'],
    ['a timer of Nest in a lib', 'class A { @Cron("* * * * *") run() {} }', '1: @Cron in a lib'],
    ['a route in a lib', '@Controller("jobs")\nclass A {}', '1: @Controller in a lib'],
  ])('find %s', (_what, text, expected) => {
    expect(messages('libs/jobs/sample.ts', text)).toEqual([expected]);
  });

  it.each(['libs/jobs/utils.ts', 'libs/common/index.ts', 'apps/gateway/http/date-helpers.ts'])(
    'find the shapeless name %s',
    (path) => {
      expect(messages(path, '')).toEqual(['1: the name says nothing']);
    },
  );

  it.each([
    ['a conversion', 'libs/jobs/sample.ts', 'const a = new Date(now).toISOString();'],
    ['the room of time', 'libs/kernel/clock.ts', 'const a = new Date();'],
    ['a spec', 'libs/jobs/sample.spec.ts', 'const a = new Date(); await manager.save(x);'],
    ['an application with routes', 'apps/gateway/jobs-api/a.ts', '@Controller("jobs") class A {}'],
    ['a map', 'libs/jobs/sample.ts', 'this.outbox.remove(x); settings.save();'],
    [
      'a wait outside the unit of work',
      'libs/jobs/sample.ts',
      'await fetch(url); await work.run(async (tx) => tx.execute(sql));',
    ],
    [
      'waking after the commit',
      'libs/jobs/sample.ts',
      'run(async (tx) => { tx.afterCommit(() => setImmediate(wake)); })',
    ],
  ])('let %s pass', (_what, path, text) => {
    expect(messages(path, text)).toEqual([]);
  });
});
