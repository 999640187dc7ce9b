import { textTable } from '../../bench/report/text-table';
import { ANSWERS } from './plan/answer-plan';
import { MOMENTS } from './plan/kill-plan';
import type { Kill, WebhooksRecord } from './webhooks-record';

/** Figures for a person. */
export function reportRun(record: WebhooksRecord): string {
  const { kills, jobs, owed, arrivals, repeated, answers, cutCalls, seconds } = record;
  return [
    `${kills.length} kills in ${seconds.toFixed(0)} s; ${jobs} jobs, ${owed} deliveries`,
    textTable(
      ['kills', 'all', 'with posts under way'],
      [
        ...MOMENTS.map((moment) => [
          moment,
          ...cells(kills.filter(({ plan }) => plan.moment === moment)),
        ]),
        ['all', ...cells(kills)],
      ],
    ),
    `${arrivals} posts arrived; ${repeated} of them had been answered with 204 before, by a gateway that died`,
    `answers: ${ANSWERS.map((answer) => `${answer} ${answers.get(answer) ?? 0}`).join(', ')}`,
    `${cutCalls} calls were cut off and made again`,
  ].join('\n');
}

function cells(some: readonly Kill[]): string[] {
  const met = some.filter(({ openPosts }) => openPosts > 0);
  return [String(some.length), String(met.length)];
}
