import { textStage } from '../spec/text-stage';
import { CheckFailed, Narrator } from './narrator';

describe('Narrator', () => {
  it('ticks and counts what holds', () => {
    const stage = textStage();
    const narrator = new Narrator(stage);
    narrator.chapter('Retention');
    narrator.check('the job is gone', true);
    narrator.check('its artifacts are gone', true);
    expect(narrator.checksPassed).toBe(2);
    expect(stage.text()).toBe('\n1. Retention\n  ✔ the job is gone\n  ✔ its artifacts are gone\n');
  });

  it('stops the story at what does not hold, and says what is there instead', () => {
    const narrator = new Narrator(textStage());
    const failing = () => narrator.check('the job is gone', false, 200);
    expect(failing).toThrow(CheckFailed);
    expect(failing).toThrow('the job is gone (found: 200)');
    expect(narrator.checksPassed).toBe(0);
  });
});
