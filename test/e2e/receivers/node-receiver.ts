import { createServer } from 'node:http';
import { webhookListener } from '@foreman/client';
import type { JobInbox } from './job-inbox';

export function nodeReceiver(inbox: JobInbox, secrets: string[], log: (error: unknown) => void) {
  const onEvent = inbox.take.bind(inbox);
  return createServer(webhookListener({ secrets, onEvent, onRefused: log }));
}
