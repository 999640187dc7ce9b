/** Told to the gateway at enrolment and with every check-in; the repository's version. */
export const AGENT_VERSION = '0.1.0';
