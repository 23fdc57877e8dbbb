-- Whoever wants the lock that this session holds says so on this channel; heard while the session is idle.
LISTEN :"channel";
