-- ACCESS SHARE, as any reader takes: production's writers and readers pass.
LOCK TABLE ONLY :"schema".:"name" IN ACCESS SHARE MODE;
