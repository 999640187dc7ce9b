import { TaskFailure } from '@foreman/edge-sdk';
import type { Worker } from 'node:worker_threads';
import {
  type FinishedMessage,
  ROWS_TAKEN,
  type RowsMessage,
  type WorkerMessage,
} from './thread-messages';

export const INVALID_PAYLOAD = 'payload.invalid';
const THREAD_CRASHED = 'executor.crashed';

/**
 * Follows a worker to its end. Each batch of rows is awaited before the worker gets leave to post the next.
 * The worker has stopped when this settles, however it does.
 * @throws the signal's reason when it aborts; what `takeRows` threw; TaskFailure `payload.invalid` (final) when the
 * search refused its request; TaskFailure `executor.crashed` (retryable) when the thread died
 */
export async function followSearch(
  worker: Worker,
  signal: AbortSignal,
  takeRows: (message: RowsMessage) => Promise<void>,
): Promise<FinishedMessage> {
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<FinishedMessage>((resolve, reject) => {
      onAbort = () => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      worker.on('error', (error: unknown) => reject(crash(String(error))));
      worker.on('messageerror', (error) => reject(crash(String(error))));
      worker.on('exit', (exitCode) => reject(crash(`it left with exit code ${exitCode}`)));
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'finished') resolve(message);
        else if (message.type === 'refused') {
          reject(new TaskFailure(INVALID_PAYLOAD, message.message, false));
        } else {
          takeRows(message).then(() => worker.postMessage(ROWS_TAKEN), reject);
        }
      });
    });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
}

function crash(reason: string): TaskFailure {
  return new TaskFailure(THREAD_CRASHED, `The search thread died: ${reason}`, true);
}
