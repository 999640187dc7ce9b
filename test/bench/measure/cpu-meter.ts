import { readFileSync } from 'node:fs';

/** CPU seconds that a process has used so far; null where the system does not tell. */
export type CpuMeter = () => number | null;

/** Linux counts in hundredths of a second, whatever the kernel's own tick is (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Fields of /proc/<pid>/stat after the name, which ends with the last bracket: utime and stime. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

export const ownCpu: CpuMeter = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
};

/** Of another process of this machine: on Linux. */
export function cpuOf(pid: number): CpuMeter {
  return () => {
    const stat = readStat(pid);
    if (stat === null) return null;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
  };
}

function readStat(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
}
