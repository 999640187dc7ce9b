import type { EventDelay, WebhooksFinding } from '../webhooks/webhooks-bench';
import { textTable } from './text-table';

/** The tables of a backlog of webhooks. */
export function webhooksText(finding: WebhooksFinding): string {
  const cells = ({ name, events, p50Ms, p99Ms, worstMs }: EventDelay) => [
    name,
    String(events),
    ...[p50Ms, p99Ms, worstMs].map((ms) => ms.toFixed(1)),
  ];
  return [
    `8. ${finding.backlog} due webhooks to eight hosts, of which one is dead and one is slow\n`,
    textTable(
      [
        'the gateway',
        'drained',
        'a second',
        'growth MiB',
        'second half',
        'CPU share',
        'at once',
        'at one host',
      ],
      [
        [
          'as it is',
          String(finding.drained),
          finding.drainedPerSecond.toFixed(0),
          finding.growthMebibytes?.toFixed(0) ?? '-',
          finding.laterGrowthMebibytes?.toFixed(0) ?? '-',
          finding.cpuShare?.toFixed(2) ?? '-',
          String(finding.mostAtOnce),
          String(finding.mostAtOneHost),
        ],
      ],
    ),
    `The dead host had accepted ${finding.deadPosts} posts by then, the slow one answered ${finding.slowAnswered}.\n`,
    textTable(
      ['a new event, ms after the job ended', 'events', 'p50', 'p99', 'worst'],
      [cells(finding.alone), cells(finding.beside)],
    ),
  ].join('\n');
}
