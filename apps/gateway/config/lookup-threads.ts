/**
 * libuv runs name look-ups on at most half of its threads, four by default: then two webhook receivers whose name
 * servers are dead stop all look-ups for 40 s (measured with eight: the ninth, of localhost, took that long; with these
 * threads 37 ms). The sender makes 64 attempts at once. Idle threads cost a few KiB.
 */
const THREADS = '128';

/**
 * Must run before anything is read or looked up asynchronously: libuv reads the variable then, once. A value that
 * the operator has set stays.
 */
export function widenThreadPool(environment: NodeJS.ProcessEnv = process.env): void {
  environment['UV_THREADPOOL_SIZE'] ??= THREADS;
}
