-- A copy of a whole database. Nobody may be connected to the template, nor connect while it is copied; not in a transaction.
CREATE DATABASE :"name" TEMPLATE :"template";
