"""How this machine reaches the outside: proxies, certificates, and what to tell when neither leads on."""
