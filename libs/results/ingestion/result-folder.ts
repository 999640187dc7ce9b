import { invalidField } from '@foreman/kernel';
import { LONE_SURROGATE } from '../result-row';

const MAX_LENGTH = 500;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const CONTROL = /\p{Cc}/u;

/**
 * A result folder is a reference that is kept as it was sent: a relative path of the edge's, without
 * `..`, backslash, scheme or drive. Foreman never opens it; it may name a set of artifacts,
 * `<folder>.<file>`. @throws `request.invalid`.
 */
export function checkResultFolder(folder: string): void {
  const isPrintable = !CONTROL.test(folder) && !LONE_SURROGATE.test(folder);
  if (folder.length < 1 || folder.length > MAX_LENGTH || !isPrintable) {
    throw invalidField('resultFolder', `must be 1..${MAX_LENGTH} printable characters`);
  }
  if (folder.startsWith('/') || folder.includes('\\') || SCHEME.test(folder)) {
    throw invalidField('resultFolder', 'must be a relative path with forward slashes');
  }
  if (folder.split('/').includes('..')) throw invalidField('resultFolder', 'must not have ..');
}
