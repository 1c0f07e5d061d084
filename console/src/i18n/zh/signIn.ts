import type { Texts } from '../en';

export const signIn: Texts['signIn'] = {
  title: '登录',
  lead: '将运行中的服务器迁入您自己的云，只在最后几秒停机。',
  withKey: '使用 AccessKey 登录',
  keyId: 'AccessKey ID',
  keySecret: 'AccessKey Secret',
  keyHint: '密钥只发送给本迁移中心一次，不会保存在浏览器中。',
  submit: '登录',
  idMissing: '请输入 AccessKey ID。',
  secretMissing: '请输入 AccessKey Secret。',
  withLink: '使用链接登录',
  linkHint: '链接 30 分钟内有效，且只能使用一次。在迁移中心上，或任何已配置 AccessKey 的地方，可用以下命令生成新链接：',
  linkBusy: '正在使用链接登录',
  linkUsed: '此链接已被使用，或已超过 30 分钟。',
  linkUsedHint: '请用下面的命令生成新链接，或使用 AccessKey 登录。',
  wrong: '此 AccessKey 无效。',
  wrongHint: 'ID 或 Secret 有误，或该密钥已被禁用。',
  throttled: '来自此地址的尝试过多，请一分钟后再试。',
  ended: '您已退出登录。',
  endedIdle: '由于长时间没有操作，您已退出登录。',
  endedGone: '会话已结束，请重新登录以继续。',
};
