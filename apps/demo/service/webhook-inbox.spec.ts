import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { WebhookInbox } from './webhook-inbox';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

function signed(id: string, jobId: string, secret = SECRET) {
  const body = Buffer.from(JSON.stringify({ type: 'job.completed', data: { job: { id: jobId } } }));
  const sentAt = new Date();
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, sentAt, body.toString()),
  };
  return { body, headers };
}

describe('WebhookInbox', () => {
  it('gives a genuine webhook to whoever waits for its job, then or later', async () => {
    const inbox = new WebhookInbox(SECRET);
    const early = inbox.about('j1');
    const { body, headers } = signed('e1', 'j1');
    inbox.take(body, headers);
    expect((await early).id).toBe('e1');
    expect((await inbox.about('j1')).rawBody).toBe(body);
  });

  it('keeps an event once, however often it is delivered', async () => {
    const inbox = new WebhookInbox(SECRET);
    const first = signed('e1', 'j1');
    inbox.take(first.body, first.headers);
    const again = signed('e1', 'j1');
    inbox.take(again.body, again.headers);
    expect((await inbox.about('j1')).rawBody).toBe(first.body);
  });

  it.each([
    ['another secret', signed('e1', 'j1', `whsec_${Buffer.alloc(32, 8).toString('base64')}`)],
    ['no signature', { body: Buffer.from('{}'), headers: {} }],
  ])('takes nothing with %s', (_name, { body, headers }) => {
    expect(() => new WebhookInbox(SECRET).take(body, headers)).toThrow(WebhookVerificationError);
  });
});
