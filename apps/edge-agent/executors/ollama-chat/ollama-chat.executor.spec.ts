import { TaskFailure } from '@foreman/edge-sdk';
import { httpStandIn } from '../../spec/http-stand-in';
import type { HttpStandIn } from '../../spec/http-stand-in';
import { RecordingContext, leasedTask } from '../../spec/recording-context';
import { OllamaChatExecutor } from './ollama-chat.executor';

/** The recorded shape of a final response, spaced as no JSON printer would: the bytes must come through. */
const FINAL = `{"model":"llama3.2","created_at":"2026-11-02T10:00:00.123456789Z",
  "message":{"role":"assistant","content":"Gr\\u00fc\u00dfe", "tool_calls":[{"function":{"name":"f","arguments":{}}}]},
  "done":true,"done_reason":"stop","total_duration":9007199254740993,"eval_count":12}\n`;

describe('OllamaChatExecutor', () => {
  let ollama: HttpStandIn;
  let answer: { status: number; body: string } | null;
  let seen: { path?: string; body: Record<string, unknown> } | null;
  let context: RecordingContext;

  beforeEach(async () => {
    answer = { status: 200, body: FINAL };
    seen = null;
    context = new RecordingContext();
    ollama = await httpStandIn((request, body, response) => {
      seen = { path: request.url, body: JSON.parse(body) as Record<string, unknown> };
      if (answer === null) return;
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body);
    });
  });

  afterEach(() => ollama.close());

  const payload = { model: 'llama3.2', messages: [{ role: 'user', content: 'hi' }], stream: true };
  const run = (maxResponseBytes?: number) =>
    new OllamaChatExecutor({ host: ollama.url, maxResponseBytes }).run(
      leasedTask('chat', payload),
      context,
    );
  const failure = async (running: Promise<unknown>) =>
    running.then(
      () => null,
      (error: unknown) => error as TaskFailure,
    );

  it('stores the final response byte for byte, with streaming forced off', async () => {
    expect(await run()).toEqual({});
    const stored = context.artifacts.get('completion');
    expect(stored?.contentType).toBe('application/json');
    expect(stored?.body.toString()).toBe(FINAL);
    expect(seen?.path).toBe('/api/chat');
    expect(seen?.body).toEqual({ ...payload, stream: false });
  });

  it.each([
    [400, 'chat.ollama_400', false],
    [404, 'chat.model_missing', false],
    [429, 'chat.ollama_429', true],
    [499, 'chat.ollama_499', true],
    [500, 'chat.ollama_500', true],
    [502, 'chat.ollama_502', true],
    [503, 'chat.ollama_503', true],
  ])('maps %i to %s, retryable: %s', async (status, code, retryable) => {
    answer = { status, body: '{"error":"model \\"x\\" not found"}' };
    const error = await failure(run());
    expect(error).toBeInstanceOf(TaskFailure);
    expect(error).toMatchObject({ code, retryable });
    expect(error?.message).toContain('model "x" not found');
    expect(context.artifacts.size).toBe(0);
  });

  it('takes an Ollama that is not there as retryable', async () => {
    await ollama.close();
    expect(await failure(run())).toMatchObject({
      code: 'chat.ollama_unreachable',
      retryable: true,
    });
  });

  it.each(['<html>', '{"error":"died"}', '{}'])(
    'does not publish %s as a completion',
    async (body) => {
      answer = { status: 200, body };
      expect(await failure(run())).toMatchObject({ code: 'chat.bad_response', retryable: true });
    },
  );

  it('reads no more than its bound', async () => {
    expect(await failure(run(FINAL.length - 10))).toMatchObject({
      code: 'chat.response_too_large',
      retryable: false,
    });
  });

  it('ends the call when the task is aborted', async () => {
    answer = null;
    const running = failure(run());
    while (seen === null) await new Promise((resolve) => setTimeout(resolve, 5));
    const reason = new Error('cancelled');
    context.stopper.abort(reason);
    expect(await running).toBe(reason);
  });
});
