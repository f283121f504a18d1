if (
    __name__ == "__main__"
):  # processes that we start import this file too, and have no use for the command line
    from certsvc.cli import main

    main()
