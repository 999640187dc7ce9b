/**
 * House rules that oxlint cannot see, read off the syntax tree. Each rule looks at one node and answers
 * a message, or nothing. `npm run check` runs them over the whole tree; house-rules.spec.ts over bad samples.
 */
import ts from 'typescript';

const ROOM_OF_TIME = 'libs/kernel/clock.ts';
const SHAPELESS_NAMES = /(^|[/.-])(utils?|helpers?|common|misc)([/.-]|$)/;
const SUPPRESSION = /(eslint|oxlint)-(disable|enable)|@ts-(ignore|nocheck|expect-error)/;

/** Methods of TypeORM that open transactions of their own. */
const OWN_TRANSACTION = new Set(['save', 'remove', 'softRemove', 'recover', 'transaction']);

/** Of Database, EntityManager and QueryRunner. */
const WAYS_AROUND = new Set(['dataSource', 'driver', 'queryRunner', 'createQueryRunner']);

/** What waits for something besides the database, and so would hold up every writer. */
const WAITS_OUTSIDE = new Set([
  'fetch',
  'request',
  'delay',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'setTimer',
  'readFile',
  'writeFile',
  'createReadStream',
  'createWriteStream',
]);

/** Decorators of Nest that give whoever imports a lib routes or timers that it did not ask for. */
const UNASKED = new Set(['Controller', 'Cron', 'Interval', 'Timeout', 'WebSocketGateway']);

/**
 * @param {string} path of the file, from the repository's root, with forward slashes
 * @param {string} text its content
 * @returns {{line: number, message: string}[]} in the order of the file
 */
export function houseRuleFindings(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const file = { path, isTest: isTest(path), isLib: path.startsWith('libs/') };
  const findings = [...nameFindings(path), ...suppressionFindings(text)];
  const visit = (node) => {
    for (const rule of NODE_RULES) {
      const message = rule(node, file);
      if (message) findings.push({ line: lineOf(source, node), message });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings.toSorted((a, b) => a.line - b.line);
}

const NODE_RULES = [
  timeFromNowhere,
  ownTransaction,
  aroundTheWriteDoor,
  waitsInsideUnitOfWork,
  unaskedInLib,
  marksByHand,
];

/** `new Date()` without arguments is the wall clock; with arguments it is only a conversion. */
function timeFromNowhere(node, file) {
  if (file.isTest || file.path === ROOM_OF_TIME) return null;
  const isNow =
    ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length;
  return isNow ? 'new Date() without arguments: take the time from the injected Clock' : null;
}

function ownTransaction(node, file) {
  if (file.isTest || !ts.isCallExpression(node)) return null;
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee) || !OWN_TRANSACTION.has(callee.name.text)) return null;
  return /(manager|repository|getRepository\(.*\)|dataSource)$/is.test(callee.expression.getText())
    ? `.${callee.name.text}() opens a transaction of its own: use insert, update, upsert, delete or SQL`
    : null;
}

/** Data source and driver are public for tests; in code they would lead around the unit of work. */
function aroundTheWriteDoor(node, file) {
  if (file.isTest || file.path.startsWith('libs/database/')) return null;
  return ts.isPropertyAccessExpression(node) && WAYS_AROUND.has(node.name.text)
    ? `.${node.name.text} leads around the unit of work: pass the tx on`
    : null;
}

function waitsInsideUnitOfWork(node, file) {
  if (file.isTest || !ts.isCallExpression(node)) return null;
  const callee = node.expression;
  const name = ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText();
  return WAITS_OUTSIDE.has(name) && isInsideUnitOfWork(node)
    ? `${name}() inside a unit of work: every writer would wait for it`
    : null;
}

/** A function whose first parameter is `tx` is part of a unit of work; what it hands to `afterCommit` is not. */
function isInsideUnitOfWork(node) {
  for (let outer = node.parent; outer; outer = outer.parent) {
    if (ts.isCallExpression(outer) && outer.expression.getText().endsWith('.afterCommit'))
      return false;
    if (ts.isFunctionLike(outer) && outer.parameters[0]?.name.getText() === 'tx') return true;
  }
  return false;
}

function unaskedInLib(node, file) {
  if (!file.isLib || file.isTest || !ts.isDecorator(node)) return null;
  const name = /^@(\w+)/.exec(node.getText())?.[1];
  return UNASKED.has(name) ? `@${name} in a lib: routes and timers live in apps/` : null;
}

/** `() => '?'`, to be joined: each length is a text of its own, of which the database's cache holds hundreds. */
function marksByHand(node, file) {
  if (file.isTest || file.path.startsWith('libs/database/') || !ts.isArrowFunction(node))
    return null;
  return ts.isStringLiteral(node.body) && /^[(?, )]*\?[(?, )]*$/.test(node.body.text)
    ? 'marks by hand: take sqlList() or sqlRows(), which fill a list up'
    : null;
}

function nameFindings(path) {
  return SHAPELESS_NAMES.test(path)
    ? [{ line: 1, message: 'the name says nothing: name a file by its role' }]
    : [];
}

function suppressionFindings(text) {
  return text
    .split('\n')
    .flatMap((line, index) =>
      SUPPRESSION.test(line)
        ? [{ line: index + 1, message: 'a suppressed check: mend the code instead' }]
        : [],
    );
}

function isTest(path) {
  return /\.spec\.ts$|(^|\/)spec\/|^test\/|^libs\/testing\//.test(path);
}

function lineOf(source, node) {
  return source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
}
