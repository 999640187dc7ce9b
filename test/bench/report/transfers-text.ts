import type { Times, TransferFinding } from '../transfers/transfers-bench';
import { textTable } from './text-table';

/** The tables of uploads and downloads at once. */
export function transfersText(
  findings: readonly TransferFinding[],
  { transfersAtOnce, transferBytes }: { transfersAtOnce: number; transferBytes: number },
): string {
  const cells = (name: string, { alone, beside }: Record<'alone' | 'beside', Times>) => [
    name,
    String(beside.count),
    ...[alone.p50Ms, beside.p50Ms, alone.p99Ms, beside.p99Ms, beside.worstMs].map((ms) =>
      ms.toFixed(2),
    ),
  ];
  const head = ['count', 'p50 alone', 'p50 beside', 'p99 alone', 'p99 beside', 'worst beside'];
  const mebibytes = transferBytes / 1_048_576;
  return [
    `7. ${transfersAtOnce} uploads and ${transfersAtOnce} downloads of ${mebibytes} MiB at once; times in ms\n`,
    textTable(
      ['small write of the engine', ...head],
      findings.map(({ name, writes }) => cells(name, writes)),
    ),
    '',
    textTable(
      ['heartbeat over HTTP', ...head],
      findings.map(({ name, heartbeats }) => cells(name, heartbeats)),
    ),
    '',
    textTable(
      ['the gateway', 'growth MiB', 'MiB/s up', 'MiB/s down', 'CPU share'],
      findings.map((finding) => [
        finding.name,
        finding.growthMebibytes?.toFixed(0) ?? '-',
        finding.uploadMebibytesPerSecond.toFixed(1),
        finding.downloadMebibytesPerSecond.toFixed(1),
        finding.cpuShare?.toFixed(2) ?? '-',
      ]),
    ),
  ].join('\n');
}
