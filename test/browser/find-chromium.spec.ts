import { findChromium } from './find-chromium';

describe('findChromium', () => {
  it('takes the one that is named', () => {
    expect(findChromium({ FOREMAN_CHROMIUM: '/opt/chromium', PATH: '' })).toBe('/opt/chromium');
  });

  it('fails where there is none, and says what to do: without a browser nothing is shown', () => {
    expect(() => findChromium({ PATH: __dirname })).toThrow(/apt-get install chromium/);
  });
});
