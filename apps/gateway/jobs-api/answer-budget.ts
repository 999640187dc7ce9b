/**
 * All artifacts that one answer carries by value stay within this many bytes, the rest go by URL: a
 * page of jobs, or a job of a thousand tasks, must not fill the memory.
 */
export const ANSWER_INLINE_BYTES = 16_777_216;

/** A page of jobs ends early, with a cursor, once it carries this many artifact objects: a job can have thousands. */
export const PAGE_ARTIFACTS = 10_000;
