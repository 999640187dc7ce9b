import type { QueueEntity } from '@foreman/jobs';
import { isoTime } from '@foreman/kernel';
import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';

/** A named line of tasks. */
export class QueueDto {
  @ApiProperty({ example: 'default' })
  name!: string;

  /** Its share beside other queues. */
  @ApiProperty({ minimum: 1, maximum: 1000, example: 1 })
  weight!: number;

  /** Whether its tasks wait; those that run go on. */
  @ApiProperty({ example: false })
  isPaused!: boolean;

  @ApiProperty({ format: 'date-time', example: '2026-11-22T01:00:00.000Z' })
  createdAt!: string;
}

export class ChangeQueueDto {
  /** Its share beside other queues. */
  @ApiProperty({ minimum: 1, maximum: 1000, example: 5 })
  @IsInt()
  @Min(1)
  @Max(1000)
  weight!: number;
}

export function queueDto(queue: QueueEntity): QueueDto {
  return {
    name: queue.name,
    weight: queue.weight,
    isPaused: queue.isPaused,
    createdAt: isoTime(queue.createdAt),
  };
}
