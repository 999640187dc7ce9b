import { readFileSync } from 'node:fs';

const SAMPLE_EVERY_MS = 200;
const BYTES_A_MEBIBYTE = 1_048_576;
const BYTES_A_KIBIBYTE = 1024;

/** How far the resident memory of a process grew while `work` ran, in MiB; null where the system does not tell. */
export async function growthWhile<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly growthMebibytes: number | null }> {
  const before = residentBytes(pid);
  let most = before;
  const look = () => {
    const now = residentBytes(pid);
    if (now !== null && most !== null) most = Math.max(most, now);
  };
  const timer = setInterval(look, SAMPLE_EVERY_MS);
  try {
    const result = await work();
    look();
    const growth = before === null || most === null ? null : most - before;
    return { result, growthMebibytes: growth === null ? null : growth / BYTES_A_MEBIBYTE };
  } finally {
    clearInterval(timer);
  }
}

/** Linux: VmRSS of proc(5). */
function residentBytes(pid: number): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    return kibibytes === undefined ? null : Number(kibibytes) * BYTES_A_KIBIBYTE;
  } catch {
    return null;
  }
}
