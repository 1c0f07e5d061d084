import type { Texts } from '../en';

export const jobFaults: Texts['jobs']['faults'] = {
  'Image.CopyDamaged': {
    cause: '迁移中心自己的副本与源发送的数据不一致：中心的某块磁盘读出的字节与写入的不同。未据此制作镜像。',
    remedy: '请检查中心的磁盘和内存，然后重新启动任务：有差异的部分会通过比对找出并重新复制。',
  },
  'Image.Failed': {
    cause: '数据已完整复制，但无法制作镜像，原因见消息。',
    remedy: '请按消息在中心上排除问题，然后重新启动任务：已复制的数据会保留。',
  },
  'Replication.Broken': {
    cause: 'Agent 与中心之间的连接反复中断。',
    remedy: '请检查两者之间的网络，然后重新启动任务：已确认的数据不会重发。',
  },
  'Replication.Corrupt': {
    cause: '到达中心的数据与其摘要不符，未保留任何此类数据。',
    remedy: '请重新启动任务；如持续出现，请检查两台机器的内存。',
  },
  'Replication.DiskChanged': {
    cause: '源的某块磁盘的大小或分区表与创建任务时不同。',
    remedy: '请新建任务：当前任务是针对原来的磁盘创建的。',
  },
  'Replication.DiskMissing': {
    cause: '任务中的某块磁盘已不在源上。',
    remedy: '请重新挂接该磁盘并启动任务，或新建不含该磁盘的任务。',
  },
  'Replication.Freeze': {
    cause: '源的文件系统无法冻结，或无法在允许的时间内完成冻结期间的复制。',
    remedy: '请查看消息，在较空闲时重新启动任务，或通过 ReplicationParameters 的 freeze_budget_ms 放宽时间。',
  },
  'Replication.Internal': {
    cause: 'Agent 出现故障，其日志中有说明。',
    remedy: '请重新启动任务；如持续出现，请反馈 Agent 日志的内容。',
  },
  'Replication.NotAssigned': {
    cause: 'Agent 正在执行中心未分配的运行，例如已被停止的运行。',
    remedy: '无需处理：Agent 会重新领取工作。如持续出现，请重启 Agent。',
  },
  'Replication.NotConverging': {
    cause: '源的变化速度超过复制速度，无法达到足够短的冻结时间。',
    remedy: '消息指出了瓶颈。请在较空闲时重新启动任务、提高带宽上限，或通过 freeze_budget_ms 放宽冻结时间。',
  },
  'Replication.Protocol': {
    cause: 'Agent 与中心无法互相理解。',
    remedy: '请使用该中心提供的 Agent。',
  },
  'Replication.SourceDisk': {
    cause: '无法读取源的某块磁盘。',
    remedy: '请查看源的内核日志，更换或修复该磁盘，然后重新启动任务。',
  },
  'Replication.Superseded': {
    cause: '同一 Agent 的更新会话取代了此会话。',
    remedy: '无需处理。如持续出现，请确认只有一个 Agent 使用该状态目录。',
  },
  'Replication.TooManyStreams': {
    cause: 'Agent 为一次运行打开的数据流超过了中心的上限。',
    remedy: '请使用该中心提供的 Agent。',
  },
  'Replication.Tracking': {
    cause: '跟踪源上的变化失败，且无法通过比对弥补。',
    remedy: '请查看消息并重新启动任务：Agent 将改用比对方式。',
  },
  'Replication.Version': {
    cause: 'Agent 与中心使用的复制协议版本不同。',
    remedy: '请升级消息中指出的一方。',
  },
  'SourceServer.Offline': {
    cause: '在需要 Agent 时，连续三次未收到其心跳。',
    remedy: '请在源上重启 landfall-agent，确认其可以访问中心，然后重新启动任务：将从中断处继续。',
  },
  'Staging.Failed': {
    cause: '中心无法写入或读取磁盘副本，原因见消息。',
    remedy: '请按消息在中心上排除问题，然后重新启动任务：已确认的数据会保留。',
  },
  'Staging.NoSpace': {
    cause: '中心磁盘空间不足，无法存放副本或镜像。',
    remedy: '请在中心的数据目录中腾出空间，或删除不再需要的镜像，然后重新启动任务：已确认的数据会保留。',
  },
};
