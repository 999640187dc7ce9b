import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];

const FAR_AWAY = '491231235959Z';
/** For `validUntil`: it ended long ago. */
export const LONG_AGO = '210101000000Z';

/**
 * A fresh self-signed X.509 certificate for a DNS name, in DER by hand: node:crypto reads them only. `validUntil` is a
 * UTCTime of ASN.1.
 */
export function selfSigned(dnsName: string, validUntil = FAR_AWAY): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(tag(0x06, Buffer.from(ECDSA_WITH_SHA256)));
  const name = sequence(
    tag(0x31, sequence(tag(0x06, Buffer.from(COMMON_NAME)), tag(0x0c, Buffer.from(dnsName)))),
  );
  const validity = sequence(
    tag(0x17, Buffer.from('200101000000Z')),
    tag(0x17, Buffer.from(validUntil)),
  );
  const extensions = sequence(
    sequence(
      tag(0x06, Buffer.from(SUBJECT_ALT_NAME)),
      tag(0x04, sequence(tag(0x82, Buffer.from(dnsName)))),
    ),
    sequence(
      tag(0x06, Buffer.from(BASIC_CONSTRAINTS)),
      tag(0x04, sequence(tag(0x01, Buffer.from([0xff])))),
    ),
  );
  const toSign = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, extensions),
  );
  const signature = tag(0x03, Buffer.from([0]), sign('sha256', toSign, privateKey));
  const der = sequence(toSign, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${der.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, ...parts);
}

function tag(type: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...lengthBytes]), content]);
}
