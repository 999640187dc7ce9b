import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { signatureHeaders } from './signature';
import { webhookSecretKey } from './webhook-secret';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OTHER_SECRET = 'whsec_' + Buffer.alloc(32, 7).toString('base64');
const BODY = Buffer.from(JSON.stringify({ type: 'job.completed', text: 'naïve ✓ \u2028' }));

/** Verifiers compare with the real time, so the specs sign with it too. */
const NOW_SECONDS = Math.floor(Date.now() / 1000);

const VERIFIERS = [
  ['standardwebhooks', (secret: string) => new Webhook(secret)],
  ['svix', (secret: string) => new SvixWebhook(secret)],
] as const;

function signed(secret: string, id = 'event-1', timestampSeconds = NOW_SECONDS, body = BODY) {
  return signatureHeaders({ id, timestampSeconds, body }, [webhookSecretKey(secret, 'secret')]);
}

describe('Standard Webhooks signatures', () => {
  it("is the specification's own vector", () => {
    const headers = signed(
      SECRET,
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330,
      Buffer.from('{"test": 2432232314}'),
    );

    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  describe.each(VERIFIERS)('as %s verifies them', (_name, verifier) => {
    it('passes as it was sent', () => {
      expect(verifier(SECRET).verify(BODY.toString(), signed(SECRET))).toEqual(
        JSON.parse(BODY.toString()),
      );
    });

    it('passes under the old and the new secret while a secret is rotating', () => {
      const keys = [OTHER_SECRET, SECRET].map((secret) => webhookSecretKey(secret, 'secret'));
      const headers = signatureHeaders(
        { id: 'event-1', timestampSeconds: NOW_SECONDS, body: BODY },
        keys,
      );

      expect(() => verifier(SECRET).verify(BODY.toString(), headers)).not.toThrow();
      expect(() => verifier(OTHER_SECRET).verify(BODY.toString(), headers)).not.toThrow();
    });

    it.each([
      ['a changed body', SECRET, BODY.toString().replace('completed', 'failed'), {}],
      ['another id', SECRET, BODY.toString(), { 'webhook-id': 'event-2' }],
      ['another time', SECRET, BODY.toString(), { 'webhook-timestamp': String(NOW_SECONDS + 1) }],
      ['another secret', OTHER_SECRET, BODY.toString(), {}],
    ])('fails with %s', (_what, secret, body, changed) => {
      const headers = { ...signed(SECRET), ...changed };

      expect(() => verifier(secret).verify(body, headers)).toThrow(/signature/i);
    });

    it('fails when it is replayed later', () => {
      const headers = signed(SECRET, 'event-1', NOW_SECONDS - 3600);

      expect(() => verifier(SECRET).verify(BODY.toString(), headers)).toThrow(/too old/);
    });
  });
});
