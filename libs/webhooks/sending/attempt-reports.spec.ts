import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import { type Answer, Receiver, answerWith } from '@foreman/testing';
import { WebhookLab } from '../spec/webhook-lab';
import { AttemptReports, type AttemptReport } from './attempt-reports';

const SECRET = `whsec_${Buffer.alloc(32, 'do not tell').toString('base64')}`;
const QUERY = 'token=0f3b-query-secret';
const PATH = 'hook-path-token';
const hangUp: Answer = (_request, response) => void response.socket?.destroy();

describe('AttemptReports', () => {
  let receiver: Receiver;
  let lab: WebhookLab;
  let lines: unknown[][];
  let told: AttemptReport[];

  beforeEach(async () => {
    receiver = await Receiver.start();
    lab = await WebhookLab.open({ retrySeconds: [5, 300], timeoutMs: 20_000 });
    lines = [];
    told = [];
    const keep = (...line: unknown[]) => void lines.push(line);
    const logger: LoggerService = { log: keep, error: keep, warn: keep, debug: keep };
    lab.app.useLogger(logger);
    lab.app.get(AttemptReports).onAttempt((report) => told.push(report));
  });

  afterEach(async () => {
    lab.app.useLogger(false);
    await lab.close();
    await receiver.stop();
  });

  const reported = () =>
    lines.filter(([, text]) => text === 'A webhook was posted').map(([report]) => report);

  async function completed(url = receiver.url('127.0.0.1', `/${PATH}?${QUERY}`)) {
    const job = await lab.submit({ url, secret: SECRET });
    lab.shelf.put(job.jobId, 'completion', 20);
    await lab.complete(job.jobId);
    return job;
  }

  it('tells each attempt once, with its ids, number, answer and duration, as it is recorded', async () => {
    const { jobId, endpoint } = await completed();
    receiver.script.push(answerWith(503, 'busy'), hangUp, answerWith(204));
    for (const pauseMs of [6000, 400_000, 0]) {
      await lab.sender.runOnce();
      lab.clock.advance(pauseMs);
    }

    const [delivery] = await lab.deliveries(jobId);
    const ids = {
      deliveryId: delivery?.id,
      eventId: delivery?.eventId,
      endpointId: endpoint.id,
      jobId,
    };
    const expected = [
      { outcome: 'retrying', statusCode: 503, errorClass: 'status' },
      { outcome: 'retrying', statusCode: null, errorClass: 'reset' },
      { outcome: 'delivered', statusCode: 204, errorClass: null },
    ].map((each, index) => ({
      ...ids,
      ...each,
      attempt: index + 1,
      durationMs: delivery?.attempts[index]?.durationMs,
    }));
    expect(reported()).toEqual(expected);
    expect(told).toEqual(expected);
    expect(lines).toHaveLength(3);
  });

  it('tells how a delivery ends', async () => {
    await completed();
    receiver.script.push(answerWith(410));
    await lab.sender.runOnce();
    await completed();
    receiver.script.push(answerWith(500), answerWith(500), answerWith(500));
    for (const pauseMs of [6000, 400_000, 0]) {
      await lab.sender.runOnce();
      lab.clock.advance(pauseMs);
    }
    expect(told.map(({ outcome }) => outcome)).toEqual([
      'disabled',
      'retrying',
      'retrying',
      'exhausted',
    ]);
  });

  it('says when an attempt changed nothing, because a later event has settled its delivery', async () => {
    const { jobId } = await lab.submit({
      url: receiver.url(),
      events: ['job.started', 'job.failed'],
    });
    await lab.start(jobId);
    receiver.script.push((request, response) => {
      void lab.fail(jobId).then(() => answerWith(500)(request, response));
    });
    await lab.sender.runOnce();
    expect(told.map(({ outcome }) => outcome)).toEqual(['overtaken', 'delivered']);
  });

  it('logs no secret, signature, URL, query, body or answer, whatever comes back', async () => {
    const gone = await Receiver.start();
    const address = gone.url('127.0.0.1', `/${PATH}?${QUERY}`);
    await gone.stop();
    receiver.script.push(
      answerWith(200, 'answer-secret'),
      answerWith(302, '', { location: `http://169.254.169.254/?${QUERY}` }),
      hangUp,
      (_request, response) => void response.socket?.end('HTTP/1.1 what? answer-secret\r\n\r\n'),
      answerWith(413, 'answer-secret'),
      answerWith(410, 'answer-secret'),
    );
    for (let job = 0; job < 5; job += 1) await completed();
    await completed(address);
    await completed(`https://127.0.0.1:${receiver.port}/${PATH}?${QUERY}`);
    await lab.sender.runOnce();

    const posts = receiver.posts.map(({ headers }) => headers['webhook-signature'] ?? '');
    expect(posts.length).toBeGreaterThanOrEqual(6);
    expect(told).toHaveLength(lines.length);
    const text = inspect(lines, { depth: 20, maxStringLength: null, maxArrayLength: null });
    for (const { eventId } of told) expect(text).toContain(eventId);
    const secrets = [SECRET.slice(6), QUERY, PATH, 'answer-secret', 'v1,', 'http', 'x'.repeat(20)];
    for (const secret of [...secrets, ...posts.map((signature) => signature.slice(3, 30))]) {
      expect(text).not.toContain(secret);
    }
  });
});
