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
  { title: 'task', align: 'right' },
];

/** Prints the best configs of all tasks, and answers with the very best. */
export async function showBestConfigs(
  { narrator, signal }: DemoParts,
  { research }: House,
  { data: { job } }: JobEvent,
): Promise<ResultRow> {
  narrator.chapter('The five best of all configs, by Sharpe ratio');
  const rows: ResultRow[] = [];
  const order = { sort: 'metrics.sharpe', order: 'desc', pageSize: BEST_SHOWN } as const;
  for await (const row of research.foreman.results(job.id, { ...order, signal })) {
    rows.push(row);
    if (rows.length === BEST_SHOWN) break;
  }
  for (const line of textTable(COLUMNS, rows.map(cells))) narrator.say(line);

  const [best] = rows;
  const sharpes = rows.map(({ metrics }) => Number(metrics['sharpe']));
  const isFalling = sharpes.every((sharpe, rank) => sharpe <= (sharpes[rank - 1] ?? Infinity));
  narrator.check('they come sorted, over all tasks', best !== undefined && isFalling);
  const named = job.summary?.bestConfigIds ?? [];
  narrator.check(
    'the edges named the first of them as well',
    named.includes(`${best?.taskIndex}:${best?.configId}`),
  );
  narrator.aside(
    'Long or flat, 0.05% a side; the parameters were chosen on these same days: a demonstration, not advice.',
  );
  if (best === undefined) throw new Error('unreachable: checked above');
  return best;
}

function cells({ taskIndex, config, metrics }: ResultRow, index: number): string[] {
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
    String(taskIndex),
  ];
}

function percent(share: unknown): string {
  return `${(100 * Number(share)).toFixed(1)}%`;
}
