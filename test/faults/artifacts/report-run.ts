import { textTable } from '../../bench/report/text-table';
import type { ArtifactsRecord, Kill } from './artifacts-record';
import { WORKS } from './load/gateway-link';
import { MOMENTS } from './plan/kill-plan';

/** Figures for a person. */
export function reportRun(record: ArtifactsRecord): string {
  const { kills, jobs, cutCalls, sweep, artifactsKept, seconds } = record;
  const read = kills.reduce((sum, { artifactsRead }) => sum + artifactsRead, 0);
  return [
    `${kills.length} kills in ${seconds.toFixed(0)} s, ${jobs} jobs`,
    killTable(kills),
    `${cutCalls} calls were cut off and made again`,
    `${read} artifacts were read after kills, ${artifactsKept} are kept`,
    `two hours later the sweep removed ${sweep.abandoned} uploads that were never finished, ` +
      `${sweep.staged} staged artifacts, ${sweep.inputs} inputs, ${sweep.blobs} blobs`,
  ].join('\n');
}

/** A row for each moment: how many kills came then, and how many of them met each work under way. */
function killTable(kills: readonly Kill[]): string {
  const cells = (some: readonly Kill[]) => [
    String(some.length),
    ...WORKS.map((work) => String(some.filter(({ underWay }) => underWay.get(work)).length)),
  ];
  return textTable(
    ['kills', 'all', ...WORKS],
    [
      ...MOMENTS.map((moment) => [
        moment,
        ...cells(kills.filter(({ plan }) => plan.moment === moment)),
      ]),
      ['all', ...cells(kills)],
    ],
  );
}
