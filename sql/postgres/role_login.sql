-- For the rest of this transaction: the role that logged in. A role of the profile that is taken after login may not end its sessions.
SET LOCAL ROLE NONE;
