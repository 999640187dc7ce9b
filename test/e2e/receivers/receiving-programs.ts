import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { JobInbox } from './job-inbox';
import { nestReceiver } from './nest-receiver';
import { nodeReceiver } from './node-receiver';

/** A program of docs/webhooks.md that runs, with its inbox in `file`. */
export interface RunningReceiver {
  readonly url: string;
  readonly file: string;
  stop(): Promise<void>;
}

export async function runNode(file: string, secrets: string[]): Promise<RunningReceiver> {
  const inbox = new JobInbox(file);
  const server = nodeReceiver(inbox, secrets, () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    file,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      inbox.close();
    },
  };
}

export async function runNest(file: string, secrets: string[]): Promise<RunningReceiver> {
  const inbox = new JobInbox(file);
  const app = await nestReceiver(inbox, secrets);
  app.useLogger(false);
  await app.listen(0, '127.0.0.1');
  return {
    url: `${await app.getUrl()}/hooks/foreman`,
    file,
    stop: async () => {
      await app.close();
      inbox.close();
    },
  };
}

/** @throws Error that says so where there is no Python: this is not skipped. */
export async function runPython(
  folder: string,
  program: string,
  secrets: string[],
): Promise<RunningReceiver> {
  const file = join(folder, 'python.db');
  const script = join(folder, 'receiver.py');
  await writeFile(script, program);
  const child = spawn('python3', [script], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      INBOX: file,
      FOREMAN_WEBHOOK_SECRETS: secrets.join(' '),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error('python3 is needed to test the program in docs/webhooks.md', { cause })),
    );
    child.once('exit', (code) => reject(new Error(`receiver.py ended with ${code}:\n${errors}`)));
  });
  ended.catch(() => process.off('exit', killWithUs));
  const said = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const [line] = await Promise.race([said, ended]);
  const port = /^listening on (\d+)$/.exec(line)?.[1] ?? '';
  return {
    url: `http://127.0.0.1:${port}/`,
    file,
    stop: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}
