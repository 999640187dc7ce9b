import { artifactExpiry } from './artifact-expiry';

const SOONER = '2026-11-22T01:00:00.000Z';
const LATER = '2026-11-29T01:00:00.000Z';
const byUrl = { url: 'https://foreman.example/a', inline: null };
const inline = { url: null, inline: {} };

describe('artifactExpiry', () => {
  it.each<[string, object, string | null, string | null, string | null]>([
    ['by a plain url: the end of the job', byUrl, LATER, null, LATER],
    ['by a signed url that ends first: its end', byUrl, LATER, SOONER, SOONER],
    ['by a signed url that ends after the job: the end of the job', byUrl, SOONER, LATER, SOONER],
    ['inline, though urls are signed: the end of the job', inline, LATER, SOONER, LATER],
    ['by a plain url of a job that nothing ends', byUrl, null, null, null],
    ['by a signed url of a job that nothing ends: its end', byUrl, null, SOONER, SOONER],
  ])('%s', (_name, artifact, jobEnd, urlEnd, expected) => {
    const urlsExpireAt = urlEnd === null ? null : Date.parse(urlEnd);
    expect(artifactExpiry(artifact, jobEnd, urlsExpireAt)).toBe(expected);
  });
});
