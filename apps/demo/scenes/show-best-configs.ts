import type { JobEvent, ResultRow } from '@foreman/client';
import type { DemoParts } from '../demo-parts';
import { type Column, textTable } from '../stage/text-table';
import type { House } from './raise-house';

const BEST_SHOWN = 5;

const COLUMNS: readonly Column[] = [
  { title: '#', align: 'right' },
  { title: 'strategy', align: 'left' },
  { title: 'parameters', align: 'left' },
  { title: 'Sharpe', align: 'right' },
  { title: 'CAGR', align: 'right' },
  { title: 'max drawdown', align: 'right' },
  { title: 'trades', align: 'right' },
  { title: 'found by task', align: 'left' },
];

/** A config that several searches may have come upon. */
interface RankedConfig {
  readonly row: ResultRow;
  readonly taskIndexes: number[];
}

/** Prints the best configs of all tasks, and answers with the very best. */
export async function showBestConfigs(
  parts: DemoParts,
  house: House,
  { data: { job } }: JobEvent,
): Promise<ResultRow> {
  const { narrator } = parts;
  narrator.chapter('The five best configs of all eight searches, by Sharpe ratio');
  const ranked = await bestConfigs(parts, house, job.id);
  for (const line of textTable(COLUMNS, ranked.map(cells))) narrator.say(line);

  const sharpes = ranked.map(({ row }) => Number(row.metrics['sharpe']));
  const isFalling = sharpes.every((sharpe, rank) => sharpe <= (sharpes[rank - 1] ?? Infinity));
  narrator.check('they come sorted, over all tasks', sharpes.length === BEST_SHOWN && isFalling);
  const best = ranked[0]?.row;
  const named = job.summary?.bestConfigIds ?? [];
  narrator.check(
    'the first of them is among the best that the edges named in the webhook',
    named.includes(`${best?.taskIndex}:${best?.configId}`),
  );
  narrator.aside('Long or flat, 0.05% a side. The parameters were chosen on these same days:');
  narrator.aside('a demonstration of searching, not of earning.');
  if (best === undefined) throw new Error('The job has no result rows');
  return best;
}

/** Equal configs have equal metrics, so that their rows stand together in any order by metric. */
async function bestConfigs(
  { signal }: DemoParts,
  { research }: House,
  jobId: string,
): Promise<RankedConfig[]> {
  const ranked = new Map<string, RankedConfig>();
  const order = { sort: 'metrics.sharpe', order: 'desc', pageSize: 2 * BEST_SHOWN } as const;
  for await (const row of research.foreman.results(jobId, { ...order, signal })) {
    const known = ranked.get(row.configId);
    if (known !== undefined) known.taskIndexes.push(row.taskIndex);
    else if (ranked.size === BEST_SHOWN) break;
    else ranked.set(row.configId, { row, taskIndexes: [row.taskIndex] });
  }
  return [...ranked.values()];
}

function cells({ row: { config, metrics }, taskIndexes }: RankedConfig, index: number): string[] {
  const { strategy, ...parameters } = config;
  return [
    String(index + 1),
    String(strategy),
    Object.entries(parameters)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
    Number(metrics['sharpe']).toFixed(3),
    percent(metrics['cagr']),
    percent(metrics['maxDrawdown']),
    String(metrics['trades']),
    taskIndexes.join(', '),
  ];
}

function percent(share: unknown): string {
  return `${(100 * Number(share)).toFixed(1)}%`;
}
