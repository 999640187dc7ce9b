import { randomBytes } from 'node:crypto';
import { DomainError, RandomIds } from '@foreman/kernel';
import { makeWebhookSecret, webhookSecretKey } from './webhook-secret';

describe('webhook secrets', () => {
  it('makes a secret of 32 bytes that it takes back', () => {
    const secret = makeWebhookSecret(new RandomIds());

    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhookSecretKey(secret, 'secret')).toHaveLength(32);
  });

  it.each([24, 25, 26, 64])('takes %i bytes', (count) => {
    const bytes = randomBytes(count);

    expect(webhookSecretKey(`whsec_${bytes.toString('base64')}`, 'secret')).toEqual(bytes);
  });

  it.each([
    ['no prefix', randomBytes(24).toString('base64')],
    ['23 bytes', `whsec_${randomBytes(23).toString('base64')}`],
    ['65 bytes', `whsec_${randomBytes(65).toString('base64')}`],
    ['nothing', 'whsec_'],
    ['no padding', `whsec_${Buffer.alloc(25, 1).toString('base64').replaceAll('=', '')}`],
    ['base64url', `whsec_${Buffer.alloc(24, 255).toString('base64').replaceAll('/', '_')}`],
    ['white space', `whsec_${Buffer.alloc(24, 1).toString('base64')}\n`],
    ['stray bits at the end', `whsec_${Buffer.alloc(25).toString('base64').replace('A==', 'B==')}`],
  ])('refuses %s, without repeating it', (_what, secret) => {
    let refusal: unknown;
    try {
      webhookSecretKey(secret, 'webhook.secret');
    } catch (error) {
      refusal = error;
    }

    expect(refusal).toBeInstanceOf(DomainError);
    expect(refusal).toMatchObject({
      code: 'request.invalid',
      details: { errors: [{ path: 'webhook.secret' }] },
    });
    const said = JSON.stringify(refusal) + String(refusal);
    if (secret.length > 'whsec_'.length) expect(said).not.toContain(secret.slice(6, 20));
  });
});
