import type { Texts } from '../en';

export const audit: Texts['audit'] = {
  title: '审计日志',
  lead: '谁从哪里做了什么。记录不能修改或删除。',
  label: '记录',
  time: '时间',
  event: '事件',
  anyEvent: '所有事件',
  resource: '对象',
  resourceHint: '激活码、迁移源、任务或工作组的 ID，或用户、策略的名称',
  actor: '操作者',
  address: '来源地址',
  detail: '详情',
  from: '起始时间（UTC）',
  to: '截止时间（UTC）',
  timeWrong: '请使用类似 2026-11-24T08:00:00Z 的时间。',
  page: (page) => `第 ${page} 页`,
  newer: '较新',
  older: '较早',
  empty: '还没有任何记录',
};
