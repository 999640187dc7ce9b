import { cutText, fittedFailure, textOf } from './failure-report';

describe('a failure report', () => {
  it('that fits stays as it is', () => {
    const report = {
      code: 'chat.model_missing',
      message: 'No such model',
      retryable: false,
      retryAfterSeconds: 1.5,
      keepArtifacts: true,
    };
    expect(fittedFailure(report)).toEqual(report);
    expect(fittedFailure({ code: 'a'.repeat(100), message: 'x'.repeat(2000) })).toEqual({
      code: 'a'.repeat(100),
      message: 'x'.repeat(2000),
    });
  });

  it.each<[unknown, string, string]>([
    ['no such model', 'no_such_model', 'no such model: why'],
    ['std::bad_alloc', 'std_bad_alloc', 'std::bad_alloc: why'],
    ['.hidden', 'hidden', '.hidden: why'],
    ['a'.repeat(101), 'a'.repeat(100), `${'a'.repeat(101)}: why`],
    ['überlauf', 'berlauf', 'überlauf: why'],
    ['::', 'executor.failed', '::: why'],
    ['', 'executor.failed', 'why'],
    [undefined, 'executor.failed', 'why'],
    [null, 'executor.failed', 'why'],
    [404, '404', 'why'],
    [{ a: 1 }, 'a_1_', '{ a: 1 }: why'],
    [Object.create(null), 'Object_null_prototype_', '[Object: null prototype] {}: why'],
    ['code\n', 'code_', 'code\n: why'],
  ])('with the code %p has %p, and keeps the original', (code, fitted, message) => {
    expect(fittedFailure({ code, message: 'why' })).toEqual({ code: fitted, message });
  });

  it.each<[unknown, number | undefined]>([
    [-5, 0],
    [1e9, 86_400],
    [86_400, 86_400],
    [NaN, undefined],
    [Infinity, undefined],
    ['30', undefined],
    [null, undefined],
    [{}, undefined],
  ])('that is to be tried again after %p s says %p', (retryAfterSeconds, fitted) => {
    const { retryAfterSeconds: seconds } = fittedFailure({
      code: 'c',
      message: '',
      retryAfterSeconds,
    });
    expect(seconds).toBe(fitted);
  });

  it('has no verdict where it is no boolean', () => {
    const report = { code: 'c', message: 'm', retryable: 'no', keepArtifacts: 1 };
    expect(fittedFailure(report)).toEqual({ code: 'c', message: 'm' });
  });

  it.each<[unknown, string]>([
    [7n, '7n'],
    [Symbol('s'), 'Symbol(s)'],
    [{ toString: undefined }, '{ toString: undefined }'],
    [Object.create(null), '[Object: null prototype] {}'],
    [
      {
        toString: () => {
          throw new Error('no');
        },
      },
      '{ toString: [Function: toString] }',
    ],
    [['a', 1], "[ 'a', 1 ]"],
  ])('has the text of %p for a message', (message, text) => {
    expect(textOf(message)).toBe(text);
    expect(fittedFailure({ code: 'c', message }).message).toBe(text);
  });

  it('is cut between characters, not within one', () => {
    expect(cutText('ab😀', 3)).toBe('ab');
    expect(cutText('ab😀', 4)).toBe('ab😀');
    expect(cutText('a😀b', 3)).toBe('a😀');
    const { message } = fittedFailure({ code: 'c', message: `${'x'.repeat(1999)}😀` });
    expect(message).toBe('x'.repeat(1999));
  });
});
