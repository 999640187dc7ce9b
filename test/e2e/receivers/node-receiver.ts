import { createServer } from 'node:http';
import { webhookListener } from '@foreman/client';
import type { openInbox } from './job-inbox';

type Inbox = ReturnType<typeof openInbox>;

export function nodeReceiver(inbox: Inbox, secrets: string[], log: (error: unknown) => void) {
  return createServer(webhookListener({ secrets, onEvent: inbox.take, onRefused: log }));
}
