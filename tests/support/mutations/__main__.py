from support.mutations.run import main

raise SystemExit(main())
