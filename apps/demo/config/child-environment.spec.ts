import { childEnvironment } from './child-environment';

describe('childEnvironment', () => {
  it("passes on what a program needs, and none of anybody's own settings", () => {
    const own = {
      FOREMAN_DATABASE_URL: 'sqlite:/mine',
      FOREMAN_TOKEN: 'fme_',
      HOST: '::',
      PORT: '1',
    };
    expect(childEnvironment({ PATH: '/bin', HOSTNAME: 'box', EMPTY: undefined, ...own })).toEqual({
      PATH: '/bin',
      HOSTNAME: 'box',
    });
  });
});
